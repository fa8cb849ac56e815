"""After a long day the server is what it was in the morning."""

import pytest

from cfr_icl.ui.page import FILES_KEPT
from tests.robust.soak import CLICKS, SESSIONS, soak


@pytest.mark.slow
def test_2000_clicks_leave_no_error_no_memory_and_no_files_behind(browser):
    found = soak(browser, pictures=100)
    assert found["clicks"] == [CLICKS] * 100 and CLICKS == 20
    assert found["errors"] == [] and found["server_log"] == ""
    for memory in (found["server_mb"], found["page_mb"]):
        assert memory[-1] < 1.1 * memory[9]
    assert max(found["files"]) <= SESSIONS * FILES_KEPT
