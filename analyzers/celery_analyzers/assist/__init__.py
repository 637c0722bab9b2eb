"""Help while writing: completion, hover, signature help and inlay hints, as values without a word of LSP.

`reading` tells what stands at a cursor, also in text that does not parse; `spot` what that means; `manual` holds the
documentation; each of the others is one kind of help.
"""
