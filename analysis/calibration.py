"""What a variance must know about calibrated weights; made by `weighting`, read by `estimation`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arguments import as_integers, as_reals, require
from analysis.errors import AnalysisError

Floats = NDArray[np.float64]

_COLLINEAR: Final = 1e-10  # singular values below this share of a column's length count as zero


@dataclass(frozen=True, eq=False, repr=False)
class Calibration:
    """The auxiliaries that weights were calibrated on, and the weights before.

    Made by `analysis.post_stratify`, `analysis.rake`, `analysis.calibrate` and carried on by
    `analysis.trim_weights`. The arrays are copied and read-only.

    Parameters
    ----------
    auxiliary : (n, q) float, finite
        Calibration variables of each respondent; q may be 0 where there are groups.
    base_weight : (n,) float, finite and >= 0
        Weights before the calibration. A row of weight 0 is outside of it.
    group : (n,) int, >= 0, or None
        A variable of which each value has its own calibrated total: post-strata, or the largest
        raking variable. It stands for one indicator column a value, without making them. A
        calibration done independently in groups has its auxiliaries crossed with the groups.
    later_factor : (n,) float, finite and > 0, or None
        Final weight over calibrated weight, where weights were changed after the calibration
        (trimmed); None where they were not.
    n_respondents : (n,) int, >= 0, or None
        Where rows are sums: the respondents of each, all with the auxiliaries, the group and the
        later factor of the row (one profile), and the sum of their base weights. None where each
        row is one respondent. Made by `for_sums` and `add_up`.

    Raises
    ------
    AnalysisError
        If a shape or a range is broken, all base weights are 0, or there is neither an auxiliary
        nor a group.

    Notes
    -----
    A total estimated with calibrated weights w varies like that of the residuals of the
    influence values e_k, regressed on the auxiliaries with the base weights d::

        r_k = e_k - q_k' beta,   beta = (sum d q q')^-1 sum d q e,   variance of sum w_k r_k

    Collinear auxiliaries do no harm: the fitted values are unique. Groups are taken out first
    as weighted means (Frisch and Waugh 1933), which leaves the same residuals. For weights
    t_k w_k, changed by a later factor t, e is replaced by t e and the residual divided by t, so
    that the final weight times the residual is right (as R's ``trimWeights`` of a calibrated design).

    What the variance takes as fixed: the totals, as if known without error, also a total that was
    taken from the sample (`rake` with a skipped question as a level); the base weights, with all
    that was done to them before (`adjust_nonresponse`, `adjust_unknown_eligibility`, an earlier
    calibration or trimming); and later factors, as if `trim_weights` would cut the same rows by the
    same share in every sample. Nonresponse factors of cells mostly leave the variance too large,
    since it misses what the cells explain (Beaumont 2005); a share taken from the sample leaves it a
    little too small. Cells whose totals are known are better calibrated on than adjusted for.

    Rows may be sums over one profile: the regression needs of a row only its sums of d, w and
    w · influence, and calibrated weights are base weights times a factor that follows from the
    auxiliaries alone, so that their sums are, too.

    R's ``rake`` regresses without weights instead: in the reference survey its standard errors
    differ by up to 2.4 %.

    References
    ----------
    Deville and Särndal (1992), J. Am. Stat. Assoc. 87, 376-382, section 3. Särndal, Swensson and
    Wretman (1992), Model Assisted Survey Sampling, section 6.6. Frisch and Waugh (1933),
    Econometrica 1, 387-401. Beaumont (2005), J. R. Stat. Soc. B 67, 445-458.

    Examples
    --------
    Two post-strata: what is left are deviations from their means.

    >>> import numpy as np
    >>> from analysis.calibration import Calibration
    >>> calibration = Calibration(np.empty((4, 0)), [10.0, 30.0, 5.0, 5.0], group=[0, 0, 1, 1])
    >>> calibration
    Calibration(4 rows, 0 auxiliaries, 2 groups)
    >>> calibration.residuals([[1.0], [5.0], [2.0], [4.0]]).ravel().tolist()
    [-3.0, 1.0, -1.0, 1.0]
    """

    auxiliary: NDArray[np.float64]
    base_weight: NDArray[np.float64]
    group: NDArray[np.int64] | None = None
    later_factor: NDArray[np.float64] | None = None
    n_respondents: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        n = np.size(self.base_weight)
        base = as_reals("base_weight", self.base_weight, (n,))
        require(base >= 0, "base_weight", "not be negative", base)
        if not base.any():
            raise AnalysisError("base_weight", "hold a positive weight", base.tolist()[:5])
        auxiliary = as_reals("auxiliary", self.auxiliary, (n, None))
        self._keep(base_weight=base, auxiliary=auxiliary)
        if self.group is not None:
            group = as_integers("group", self.group, (n,))
            require(group >= 0, "group", "not be negative", group)
            self._keep(group=group)
        elif auxiliary.shape[1] == 0:
            raise AnalysisError("auxiliary", "have a column where there is no group", auxiliary.shape)
        if self.later_factor is not None:
            factor = as_reals("later_factor", self.later_factor, (n,))
            require(factor > 0, "later_factor", "be positive", factor)
            self._keep(later_factor=factor)
        if self.n_respondents is not None:
            people = as_integers("n_respondents", self.n_respondents, (n,))
            require(people >= 0, "n_respondents", "not be negative", people)
            self._keep(n_respondents=people)

    def __repr__(self) -> str:
        groups = "" if self.group is None else f", {np.unique(self.group).size} groups"
        later = "" if self.later_factor is None else ", changed afterwards"
        rows = "rows" if self.n_respondents is None else "sums"
        columns = self.auxiliary.shape[1]
        return f"Calibration({self.base_weight.size} {rows}, {columns} auxiliaries{groups}{later})"

    def residuals(self, influence: ArrayLike) -> NDArray[np.float64]:
        """Return what the auxiliaries leave of the influence values.

        Parameters
        ----------
        influence : (n, m) float, finite
            Influence values e of m statistics, not multiplied by the weights.

        Returns
        -------
        (n, m) ndarray
            r, to be multiplied by the final weights and put into the design's variance.

        Raises
        ------
        AnalysisError
            If the shape does not fit or a value is not finite.
        """
        values = as_reals("influence", influence, (self.base_weight.size, None))
        if self.later_factor is None:
            return self._leave_out(values)
        factor = self.later_factor[:, None]
        return self._leave_out(values * factor) / factor

    def scaled(self, factor: ArrayLike) -> Calibration:
        """Return the record of the same calibration after its weights were multiplied.

        Parameters
        ----------
        factor : (n,) float, finite and > 0
            New weight over old weight; 1 for a row of weight 0.

        Returns
        -------
        Calibration
            With the product of all later factors so far.

        Raises
        ------
        AnalysisError
            If a factor is not positive and finite.
        """
        new = as_reals("factor", factor, self.base_weight.shape)
        return replace(self, later_factor=new if self.later_factor is None else self.later_factor * new)

    def for_sums(self, n_respondents: ArrayLike) -> Calibration:
        """Return the record for rows that are sums: weighted as sums, by the labels of each row.

        Parameters
        ----------
        n_respondents : (n,) int, >= 0
            Respondents of each row.

        Returns
        -------
        Calibration
            To go with `PsuSums` of the same rows.

        Raises
        ------
        AnalysisError
            If the shape does not fit or a number is negative.

        Examples
        --------
        Three sums of base weight 8, 4 and 6, of two women, one woman and three men:

        >>> from analysis import rake
        >>> raked = rake([8.0, 4.0, 6.0], {"sex": ["F", "F", "M"]}, {"sex": {"F": 10, "M": 10}})
        >>> raked.calibration.for_sums([2, 1, 3])
        Calibration(3 sums, 0 auxiliaries, 2 groups)
        """
        people = as_integers("n_respondents", n_respondents, self.base_weight.shape)
        return replace(self, n_respondents=people)

    def add_up(self, row: ArrayLike) -> Calibration:
        """Return the record of the sums that rows are added up to.

        Parameters
        ----------
        row : (n,) int, 0 … m-1
            The sum that each row goes into.

        Returns
        -------
        Calibration
            Of m sums.

        Raises
        ------
        AnalysisError
            If rows of different auxiliaries, group or later factor would share a sum: a sum has
            one profile. Rows of base weight 0 do not count.

        Examples
        --------
        >>> from analysis.calibration import Calibration
        >>> Calibration([[1.0], [1.0], [0.0]], [2.0, 3.0, 4.0]).add_up([0, 0, 1]).base_weight.tolist()
        [5.0, 4.0]
        """
        home = as_integers("row", row, self.base_weight.shape)
        require(home >= 0, "row", "not be negative", home)
        counts = self.base_weight > 0
        first = np.zeros(int(home.max(initial=-1)) + 1, dtype=np.int64)
        first[home[::-1]] = np.arange(home.size)[::-1]
        first[home[counts][::-1]] = np.flatnonzero(counts)[::-1]
        for name in ("auxiliary", "group", "later_factor"):
            column = getattr(self, name)
            if column is not None:
                alike = (column == column[first[home]]).reshape(home.size, -1).all(axis=1) | ~counts
                require(alike, "row", f"add up rows of one profile, the same {name}", home)
        people = np.ones_like(home) if self.n_respondents is None else self.n_respondents
        return Calibration(
            self.auxiliary[first],
            np.bincount(home, self.base_weight).astype(np.float64),
            None if self.group is None else self.group[first],
            None if self.later_factor is None else self.later_factor[first],
            np.bincount(home, people * counts).astype(np.int64),
        )

    def _leave_out(self, values: Floats) -> Floats:
        centred = self._centre(values)
        if self.basis.shape[1] == 0:
            return centred
        fitted: Floats = self.basis @ (self.basis.T @ (self.base_weight[:, None] * centred))
        return centred - fitted

    @cached_property
    def basis(self) -> NDArray[np.float64]:
        """(n, r) the auxiliaries without their group means, orthonormal under the base weights."""
        length = column_lengths(self.auxiliary, self.base_weight)
        # Measured against the column as given: one that is constant in every group counts as zero.
        return orthonormalise(self._centre(self.auxiliary) / length, self.base_weight).basis

    @cached_property
    def profile(self) -> NDArray[np.int64]:
        """(n,) a number for each combination of auxiliaries and group that occurs."""
        first = np.zeros(self.base_weight.size, dtype=np.int64)
        profile = first if self.group is None else np.unique(self.group, return_inverse=True)[1]
        for column in self.auxiliary.T:
            values, place = np.unique(column, return_inverse=True)
            profile = np.unique(profile * values.size + place, return_inverse=True)[1]
        return profile

    def _centre(self, values: Floats) -> Floats:
        if self.group is None or values.shape[1] == 0:
            return values
        size = np.bincount(self.group, self.base_weight)
        per_weight = np.divide(1.0, size, out=np.zeros_like(size), where=size > 0)
        weighted = [np.bincount(self.group, self.base_weight * column) for column in values.T]
        mean = np.column_stack(weighted) * per_weight[:, None]
        return values - mean[self.group]

    def _keep(self, **columns: NDArray[np.generic]) -> None:
        for name, column in columns.items():
            column.setflags(write=False)
            object.__setattr__(self, name, column)


@dataclass(frozen=True, eq=False)
class Orthonormal:
    """Columns B = A T with B' D B = I, where A N = 0 for the null directions N."""

    basis: Floats
    transform: Floats
    null: Floats


def column_lengths(columns: Floats, weight: Floats) -> Floats:
    """Return sqrt(sum d a²) by column, 1 for a column of zeros."""
    length = np.sqrt(weight @ columns**2)
    return np.where(length > 0, length, 1.0)


def orthonormalise(columns: Floats, weight: Floats) -> Orthonormal:
    """Turn columns of length at most 1 into an orthonormal basis under the weights.

    By QR of sqrt(d) A and the singular values of the triangle: stable without normal
    equations, and collinear columns show as singular values of 0.
    """
    root = np.sqrt(weight)[:, None]
    orthogonal, triangle = np.linalg.qr(root * columns)
    left, size, right = np.linalg.svd(triangle)
    rank = int((size > _COLLINEAR).sum())
    inside = np.divide(1.0, root, out=np.zeros_like(root), where=root > 0)
    return Orthonormal(
        basis=inside * (orthogonal @ left[:, :rank]),
        transform=right[:rank].T / size[:rank],
        null=right[rank:].T,
    )
