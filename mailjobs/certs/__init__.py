"""Keys and certificates from their stores: PEM and PFX (PKCS #12)."""

from mailjobs.certs.store import Identity, load_certificate, load_identity, load_key

__all__ = ["Identity", "load_certificate", "load_identity", "load_key"]
