"""Random numbers from a keyed hash: the same on every machine and in every version of any library.

All of them are HMAC-SHA256, which any statistics program, database or shell can recompute::

    printf '%s' 'H-0001' | openssl dgst -sha256 -hmac 'draw 1 unit stage 1 seed 2026-11-05'

Its first 16 hexadecimal digits are the permanent random number of unit H-0001.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.errors import AnalysisError
from analysis.sampling.labels import normalise_labels
from analysis.sampling.scalars import as_count

DRAW_VERSION: Final = "1"
"""Stored with every draw and part of every key. Any change that could draw other units bumps it."""

Role = Literal["main", "reserve"]

_BLOCK: Final = 64  # bytes that SHA-256 takes in at once; HMAC fills its key up to them
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))


def seed_text(seed: str | int) -> str:
    """Return the seed as it goes into keys: NFC text, a whole number as its decimal digits.

    Parameters
    ----------
    seed : str or int >= 0
        Visible text, such as a date and the numbers of a public lottery. Who may choose the frame or the
        ids must not know it before the frame is frozen.

    Returns
    -------
    str
        The text to store with the draw.

    Raises
    ------
    AnalysisError
        If it is no visible text or no whole number of at least 0.

    Notes
    -----
    20261105 and "20261105" are the same seed.

    References
    ----------
    As in `analysis.sampling.labels.normalise_labels`.

    Examples
    --------
    >>> from analysis.sampling.random_numbers import seed_text
    >>> seed_text(20261105), seed_text("XSMB 2026-11-05 48291")
    ('20261105', 'XSMB 2026-11-05 48291')
    """
    if isinstance(seed, str):
        return normalise_labels("seed", [seed])[0]
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise AnalysisError("seed", "be text or a whole number of at least 0", seed)
    return str(seed)


def permanent_random_numbers(seed: str | int, unit: Iterable[str], stage: int = 1) -> NDArray[np.uint64]:
    """Return the permanent random number of each unit, which no other unit can change.

    Parameters
    ----------
    seed : str or int >= 0
        Of the campaign, or of all its waves where samples shall overlap.
    unit : iterable of n str
        Ids, composed or decomposed alike.
    stage : int >= 1
        Stage of the draw. Stages have numbers of their own, so that a village that bears the id of its
        commune is not drawn because the commune was.

    Returns
    -------
    (n,) uint64
        Independent and uniform over 0 … 2**64 - 1; `analysis.sampling.random_numbers.as_uniform`
        gives them as shares.

    Raises
    ------
    AnalysisError
        If `seed`, `stage` or an id is not what it must be.

    Notes
    -----
    The first 8 bytes, most significant first, of HMAC-SHA256 with the UTF-8 of "draw 1 unit stage
    {stage} seed {seed}" as key and the UTF-8 of the id in NFC as message. Ids take part one by one, so that a
    unit keeps its number when others come, go or change places.

    References
    ----------
    Ohlsson (1995), Coordination of samples using permanent random numbers, in Business Survey Methods,
    chapter 9. RFC 2104 and FIPS 180-4 (HMAC-SHA256).

    Examples
    --------
    >>> from analysis.sampling.random_numbers import permanent_random_numbers
    >>> [f"{number:016x}" for number in permanent_random_numbers("2026-11-05", ["H-0001", "H-0002"])]
    ['0c9241dfcfc440f0', '0f5392e75512c5e5']
    """
    return hash_units(seed_text(seed), normalise_labels("unit", unit), as_count("stage", stage, low=1))


def hash_units(seed: str, unit: Iterable[str], stage: int) -> NDArray[np.uint64]:
    """Return permanent random numbers of what is normalised already."""
    inner, outer = _keyed(f"draw {DRAW_VERSION} unit stage {stage} seed {seed}")
    # The copies of two half-done hashes spare the key's part of the work: 3 million ids take seconds.
    digests = bytearray()
    for text in unit:
        first = inner.copy()
        first.update(text.encode())
        second = outer.copy()
        second.update(first.digest())
        digests += second.digest()[:8]
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)


def as_uniform(numbers: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return random numbers as shares in [0, 1): the upper 53 of the 64 bits over 2**53, exactly.

    Parameters
    ----------
    numbers : (n,) uint64
        As `permanent_random_numbers` returns them.

    Returns
    -------
    (n,) float64
        At least 0, below 1.

    Raises
    ------
    AnalysisError
        If `numbers` are not of type uint64.

    Notes
    -----
    A float holds 53 bits, so that neither the conversion nor the product with a power of 2 rounds.

    References
    ----------
    IEEE 754-2019, section 3.4.

    Examples
    --------
    >>> import numpy as np
    >>> from analysis.sampling.random_numbers import as_uniform
    >>> as_uniform(np.array([0, 2**63, 2**64 - 1], dtype=np.uint64)).tolist()
    [0.0, 0.5, 0.9999999999999999]
    """
    if np.ma.is_masked(numbers):
        raise AnalysisError("numbers", "be no masked array", "a mask")
    bits = np.asarray(numbers)
    if bits.dtype != np.uint64:
        raise AnalysisError("numbers", "be of type uint64", bits.dtype.name)
    shares: NDArray[np.float64] = (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return shares


def random_start(seed: str, stage: int, role: Role, frame_hash: str, stratum: str, bound: int) -> int:
    """Return a whole number in 0 … bound - 1 that belongs to one stratum of one frame.

    Parameters
    ----------
    seed : str
        As `seed_text` returns it.
    stage : int >= 1
        Stage of the draw.
    role : {"main", "reserve"}
        The list that is drawn.
    frame_hash : str
        Of `SamplingFrame`: another frame gets other starts, so that nobody can move rows until a known start
        meets the right ones.
    stratum : str
        Its normalised label.
    bound : int >= 1
        Number of possible starts.

    Returns
    -------
    int
        Uniform up to a share of bound / 2**256.

    Raises
    ------
    AnalysisError
        If `bound` is no whole number of at least 1.

    Notes
    -----
    floor(H · bound / 2**256), where H is HMAC-SHA256, read as a whole number, with the key "draw 1 {role}
    start stage {stage} seed {seed}" and the message "{frame_hash} {stratum}".

    References
    ----------
    RFC 2104 and FIPS 180-4 (HMAC-SHA256). Lemire (2019), ACM Trans. Modeling and Computer Simulation
    29, article 3 (product in place of remainder).

    Examples
    --------
    >>> from analysis.sampling.random_numbers import random_start
    >>> random_start("2026-11-05", 1, "main", "00ff", "A", 1000)
    33
    """
    if bound < 1:
        raise AnalysisError("bound", "be a whole number of at least 1", bound)
    inner, outer = _keyed(f"draw {DRAW_VERSION} {role} start stage {stage} seed {seed}")
    inner.update(f"{frame_hash} {stratum}".encode())
    outer.update(inner.digest())
    # Python's whole numbers have no limit, so that nothing is cut off.
    return int.from_bytes(outer.digest(), "big") * bound >> 256


def _keyed(key: str) -> tuple[hashlib._Hash, hashlib._Hash]:
    """Return the two hashes of HMAC after they took in their key (RFC 2104)."""
    secret = key.encode()
    if len(secret) > _BLOCK:
        secret = hashlib.sha256(secret).digest()
    padded = secret.ljust(_BLOCK, b"\0")
    return hashlib.sha256(padded.translate(_INNER)), hashlib.sha256(padded.translate(_OUTER))
