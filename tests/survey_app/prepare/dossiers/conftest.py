"""The province, districts and communes of the example, as three offices under one."""

from datetime import date

import pytest

from tests import factories


@pytest.fixture
def hue(app):
    with app.extensions["database"].transaction() as session:
        province = factories.office(session, code="TTH", kind="province", name="Tỉnh Mẫu")
        return {"TTH": province} | {
            code: factories.office(
                session, code=code, parent_id=province.id, name=name, valid_from=date(2020, 1, 1), kind=kind
            )
            for code, name, kind in (
                ("TTH-TINH", "Trung tâm tỉnh", "provincial_centre"),
                ("TTH-HUYEN", "Bộ phận Một cửa huyện", "district_section"),
                ("TTH-XA", "Bộ phận Một cửa xã", "commune_section"),
            )
        }
