"""The body of a citizen's form, read within a bound; one that cannot be read is no fault of ours."""

from flask import request
from gunicorn.http.errors import ParseException
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from survey_app.errors import BadSubmission, SubmissionTooLarge

FORM_TYPE = "application/x-www-form-urlencoded"


def sent_fields(largest: int) -> MultiDict[str, str]:
    """Read the fields of this request's form, of at most `largest` bytes."""
    request.max_content_length = largest
    if request.mimetype != FORM_TYPE:
        raise UnsupportedMediaType
    try:
        return request.form
    except RequestEntityTooLarge as error:
        raise SubmissionTooLarge("body is larger than any form") from error
    except (OSError, ParseException) as error:  # it breaks off on its way, or is wrongly chunked
        raise BadSubmission("body is not readable") from error
