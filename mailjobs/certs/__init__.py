"""Keys and certificates: from any store that is in use to a key with its certificate, and described as data.

Formats take their time to import: what loads them is taken from `certs.store`, or `certs.look`, by who needs it.
"""
