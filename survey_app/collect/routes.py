"""Pages of collect."""

from flask import Blueprint

blueprint = Blueprint("collect", __name__)
