"""One file a rule; `registry` finds them."""
