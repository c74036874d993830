from typing import Final

from analysis.calibration import Calibration as Calibration
from analysis.comparison.change import (
    change as change,
    independent_change as independent_change,
)
from analysis.comparison.change_limits import (
    change_columns as change_columns,
    change_interval as change_interval,
    difference_limits as difference_limits,
    possible_limits as possible_limits,
    verdict_on_change as verdict_on_change,
)
from analysis.comparison.compared import ComparedEstimates as ComparedEstimates
from analysis.comparison.multiplicity import adjust_p_values as adjust_p_values
from analysis.comparison.simultaneous import (
    SimultaneousIntervals as SimultaneousIntervals,
    simultaneous_intervals as simultaneous_intervals,
)
from analysis.comparison.target import (
    TargetComparison as TargetComparison,
    compare_with_target as compare_with_target,
)
from analysis.design import (
    DesignTable as DesignTable,
    SurveyDesign as SurveyDesign,
)
from analysis.disclosure.audit import (
    HiddenAudit as HiddenAudit,
    audit_hidden as audit_hidden,
)
from analysis.disclosure.protect import (
    Protection as Protection,
    protect_counts as protect_counts,
)
from analysis.disclosure.relations import CountRelations as CountRelations
from analysis.domains import Domains as Domains
from analysis.errors import AnalysisError as AnalysisError
from analysis.estimation.estimate import (
    ConfidenceInterval as ConfidenceInterval,
    Estimate as Estimate,
)
from analysis.estimation.estimate_measures import estimate_measures as estimate_measures
from analysis.estimation.estimates import Estimates as Estimates
from analysis.estimation.index import (
    index_of_sums as index_of_sums,
    satisfaction_index as satisfaction_index,
)
from analysis.estimation.linearise import (
    Linearised as Linearised,
    linearise as linearise,
)
from analysis.estimation.measure import Measure as Measure
from analysis.estimation.statistics import (
    mean as mean,
    proportion as proportion,
    ratio as ratio,
    total as total,
)
from analysis.estimation.variance import (
    covariance_matrix as covariance_matrix,
    degrees_of_freedom as degrees_of_freedom,
    design_variance as design_variance,
)
from analysis.intervals.beta import (
    clopper_pearson_interval as clopper_pearson_interval,
    jeffreys_interval as jeffreys_interval,
)
from analysis.intervals.effective_size import (
    binomial_sample_size as binomial_sample_size,
    effective_sample_size as effective_sample_size,
    held_to_people as held_to_people,
)
from analysis.intervals.score import (
    agresti_coull_interval as agresti_coull_interval,
    wilson_interval as wilson_interval,
)
from analysis.intervals.student import (
    critical_value as critical_value,
    t_interval as t_interval,
)
from analysis.intervals.survey import (
    DEFAULT_METHOD as DEFAULT_METHOD,
    Evidence as Evidence,
    survey_interval as survey_interval,
)
from analysis.intervals.transformed import (
    arcsine_interval as arcsine_interval,
    likelihood_interval as likelihood_interval,
    logit_interval as logit_interval,
)
from analysis.ranking.bands import tie_bands as tie_bands
from analysis.ranking.bottom import probability_of_bottom as probability_of_bottom
from analysis.ranking.sets import (
    RankSets as RankSets,
    rank_sets as rank_sets,
)
from analysis.ratings import Ratings as Ratings
from analysis.replication.bootstrap import bootstrap as bootstrap
from analysis.replication.jackknife import jackknife as jackknife
from analysis.replication.replicate_weights import ReplicateWeights as ReplicateWeights
from analysis.sampling.allocation import (
    equal_allocation as equal_allocation,
    neyman_allocation as neyman_allocation,
    power_allocation as power_allocation,
    proportional_allocation as proportional_allocation,
)
from analysis.sampling.draw import Draw as Draw
from analysis.sampling.frame import (
    SamplingFrame as SamplingFrame,
    frame_hash as frame_hash,
)
from analysis.sampling.plan import Stage as Stage
from analysis.sampling.random_numbers import permanent_random_numbers as permanent_random_numbers
from analysis.sampling.rotation import (
    expected_overlap as expected_overlap,
    rotation_start as rotation_start,
)
from analysis.sampling.selection import inclusion_probabilities as inclusion_probabilities
from analysis.sampling.size import (
    margin_of_error as margin_of_error,
    sample_size_official as sample_size_official,
    sample_size_proportion as sample_size_proportion,
    smallest_detectable_change as smallest_detectable_change,
)
from analysis.sampling.stages import (
    draw_sample as draw_sample,
    draw_stages as draw_stages,
)
from analysis.sums.batches import sum_batches as sum_batches
from analysis.sums.columns import (
    AnswerCodes as AnswerCodes,
    ResponseColumns as ResponseColumns,
)
from analysis.sums.item_sums import (
    ItemSums as ItemSums,
    add_up as add_up,
)
from analysis.sums.kernel import (
    sum_responses as sum_responses,
    to_micro_units as to_micro_units,
)
from analysis.sums.psu_sums import PsuSums as PsuSums
from analysis.sums.snapshot import (
    sum_snapshot as sum_snapshot,
    write_snapshot as write_snapshot,
)
from analysis.sums.spark import sum_dataframe as sum_dataframe
from analysis.sums.tally import (
    tally_counts as tally_counts,
    tally_responses as tally_responses,
)
from analysis.weighting.base import (
    design_weights as design_weights,
    two_stage_weights as two_stage_weights,
)
from analysis.weighting.diagnostics import (
    WeightDiagnostics as WeightDiagnostics,
    weight_diagnostics as weight_diagnostics,
)
from analysis.weighting.known_totals.calibrate import calibrate as calibrate
from analysis.weighting.known_totals.margins import margin_columns as margin_columns
from analysis.weighting.known_totals.poststratification import post_stratify as post_stratify
from analysis.weighting.known_totals.raking import rake as rake
from analysis.weighting.known_totals.result import CalibratedWeights as CalibratedWeights
from analysis.weighting.nonresponse import (
    ResponseAdjustment as ResponseAdjustment,
    ResponseCell as ResponseCell,
    adjust_nonresponse as adjust_nonresponse,
    adjust_unknown_eligibility as adjust_unknown_eligibility,
)
from analysis.weighting.trimming import (
    TrimmedWeights as TrimmedWeights,
    trim_weights as trim_weights,
)

METHOD_VERSION: Final = "2"

def __dir__() -> list[str]: ...
