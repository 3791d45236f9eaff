"""Events and results made visible: console, trace, JSON lines, report files."""
