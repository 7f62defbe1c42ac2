"""The token where it is kept: checked, written and replaced, in a folder's file or a Secret."""
