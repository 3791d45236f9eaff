"""mailjobs: mail jobs from a YAML file, checked before they run."""

__version__ = "0.1.0"
