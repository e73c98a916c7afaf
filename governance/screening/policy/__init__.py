"""PURE: screening. Does a text try to give the model orders, does an answer leak what it must not."""
