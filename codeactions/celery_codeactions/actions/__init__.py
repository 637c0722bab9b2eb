"""The code actions, one in each file. They are found by being here."""
