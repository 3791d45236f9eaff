"""One file a command: parse arguments, choose sinks, give an exit status."""
