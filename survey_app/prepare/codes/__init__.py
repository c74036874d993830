"""The printed codes: their QR pictures and the posters they hang on."""
