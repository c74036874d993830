"""The address for an authenticator app as a picture in the page: dark on white, one path."""

from itertools import groupby


def qr_path(address: str) -> tuple[int, str]:
    """Give the picture's side in modules, its white margin included, and the path of its dark runs."""
    # Not before it is needed: it brings some 30 modules, and few pages draw.
    import qrcode
    from qrcode.constants import ERROR_CORRECT_M

    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, mask_pattern=0)
    code.add_data(address)
    code.make(fit=True)
    modules = code.get_matrix()
    path = ""
    for y, row in enumerate(modules):
        x = 0
        for dark, run in groupby(row):
            width = len(list(run))
            path += f"M{x} {y}h{width}" if dark else ""
            x += width
    return len(modules), path
