"""Codes: issued, listed, revoked, printed; their QR pictures and the posters they hang on."""
