"""Bills of AWS: which layout a file has, one relation over all layouts, the queries and reports on it."""
