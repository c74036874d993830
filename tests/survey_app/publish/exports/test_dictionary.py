"""What a file's dictionary says of its columns and codes."""

import pytest

from survey_app.prepare.instruments.definition_file import shipped_definition
from survey_app.publish.exports.dictionary import dictionary
from survey_app.publish.exports.layout import Layout
from tests import factories

FORM = shipped_definition("counter_short")


def of(wording="codes", language="vi", basis="opt_in", counts=None):
    campaign = factories.Campaign(code="quay", title="Tại quầy", title_en="Counter", sampling_basis=basis)
    layout = Layout({1: FORM}, wording, lambda value: value, language=language)
    return dictionary(campaign, layout, {1: FORM}, counts or {})


def meanings(lines, column):
    return {cell: meaning for name, cell, meaning in lines if name == column}


def test_codes_say_whether_they_count_as_satisfied():
    manner = meanings(of(), "manner")
    assert manner[""].endswith("(thuộc chỉ số hài lòng)")
    assert manner["5"] == "Rất hài lòng (tính là hài lòng)"
    assert manner["3"] == "Bình thường (không tính là hài lòng)"
    assert manner["no_opinion"] == "Không có ý kiến (không tính)"
    assert meanings(of(), "overall")[""].endswith("(nêu bên cạnh, không thuộc chỉ số)")
    assert meanings(of(), "came_back")["no"].endswith("(tính vào tỷ lệ)")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("vi", "Không tính là hài lòng: 1 Rất không hài lòng, 2 Không hài lòng, 3 Bình thường."),
        ("en", "Not satisfied are: 1 Very dissatisfied, 2 Dissatisfied, 3 Neutral."),
    ],
)
def test_the_index_is_said_with_its_questions_and_what_is_not_satisfied(language, words):
    (rule,) = [
        line[2] for line in of(language=language) if "information; manner; on_time; feedback" in line[2]
    ]
    assert words in rule
    assert "came_back" not in rule


def test_words_stand_where_answers_are_words():
    lines = of("vi")
    (heading,) = {name for name, _, meaning in lines if meaning.startswith("Nói chung")}
    assert meanings(lines, heading)["Hài lòng"] == "Hài lòng (tính là hài lòng)"
    assert any("“không hỏi”" in line[2] for line in lines)


@pytest.mark.parametrize("basis", ["opt_in", "census", "probability"])
def test_the_sampling_basis_and_missing_weights_are_said(basis):
    said = " ".join(line[2] for line in of(basis=basis, counts={"n_drawn": 12, "n_without_weight": 5}))
    assert "Cơ sở chọn mẫu" in said
    assert "5 trên 12 phiếu của mẫu trong tệp không ghi quyền số" in said
    assert "Cả 12 phiếu" in " ".join(line[2] for line in of(counts={"n_drawn": 12}))
    assert "quyền số và đơn vị chọn mẫu" not in " ".join(line[2] for line in of())
