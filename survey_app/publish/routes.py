"""Pages of publish."""

from flask import Blueprint

blueprint = Blueprint("publish", __name__)
