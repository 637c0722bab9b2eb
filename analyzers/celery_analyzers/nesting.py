def too_deep(text): return False
