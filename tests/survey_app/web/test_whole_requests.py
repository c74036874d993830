"""When a request is whole: the one question between a connection and a thread."""

import pytest

from survey_app.web.whole_requests import LARGEST_GATHERED, LARGEST_HEAD, files_allowed, whole_length

GET = b"GET / HTTP/1.1\r\nHost: hall\r\n\r\n"
POST = b"POST /s/x HTTP/1.1\r\nContent-Length: 11\r\nHost: hall\r\n\r\n"
CHUNKED = b"POST /s/x HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"


@pytest.mark.parametrize("whole", [GET, POST + b"q1=5&form-x", CHUNKED + b"4\r\nq1=5\r\n0\r\n\r\n"])
def test_no_part_of_a_request_is_taken_for_the_whole(whole):
    for n in range(1, len(whole)):
        assert n < whole_length(whole[:n]) <= len(whole)
    assert whole_length(whole) <= len(whole)


def test_a_stated_length_is_asked_for_at_once():
    assert whole_length(POST) == len(POST) + 11
    assert whole_length(POST.replace(b"Content-Length: 11", b"content-length:\t7 ")) == len(POST) + 7


@pytest.mark.parametrize(
    "so_far",
    [
        b"x" * LARGEST_HEAD,
        POST.replace(b"11", str(LARGEST_GATHERED).encode()),
        POST.replace(b"11", b"9" * 18),
        POST.replace(b"11", b"-3"),
        POST.replace(b"Host: hall", b"Expect: 100-continue"),
        CHUNKED + b"4000\r\n" + b"x" * LARGEST_HEAD,
    ],
)
def test_what_is_too_large_damaged_or_waits_for_an_answer_goes_to_a_thread(so_far):
    assert whole_length(so_far) <= len(so_far)


def test_the_body_of_a_request_cannot_pass_for_its_head():
    assert whole_length(GET + b"x\r\ncontent-length: 999\r\n\r\n") == 0


def test_no_more_files_are_promised_than_may_be_opened():
    assert files_allowed(16) == 16
    assert files_allowed(10**9) < 10**9
