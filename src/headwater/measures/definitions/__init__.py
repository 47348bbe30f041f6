"""The eight definitions of model collapse in use, one a file, and the stage; they conflict, so a profile."""
