"""mdloom beside its peers: see README.md in the folder above."""
