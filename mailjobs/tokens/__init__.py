"""Access tokens (RFC 6749, RFC 7523), which XOAUTH2 and OAUTHBEARER show: asked for, kept, and asked for anew."""

from mailjobs.tokens.supply import Supply, supply_of

__all__ = ["Supply", "supply_of"]
