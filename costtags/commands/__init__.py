"""The commands of the command line, one a file; what several need stands in `output`, `options` and `exempting`."""
