import pickle

from analysis import AnalysisError


def test_message_says_argument_rule_and_value():
    assert str(AnalysisError("weight", "not be negative", -2.0)) == "weight must not be negative; got -2.0"


def test_error_is_a_value_error_that_survives_a_process_border():
    error = pickle.loads(pickle.dumps(AnalysisError("level", "lie between 0 and 1", 95)))
    assert isinstance(error, ValueError)
    assert (error.argument, error.rule, error.value) == ("level", "lie between 0 and 1", 95)
