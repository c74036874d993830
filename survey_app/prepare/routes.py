"""Pages of prepare."""

from flask import Blueprint

blueprint = Blueprint("prepare", __name__)
