"""After a long day the server is what it was in the morning."""

import pytest

from cfr_icl.ui.files import FILES_KEPT
from tests.robust.soak import CLICKS, SESSIONS, soak


@pytest.mark.slow
def test_2000_clicks_leave_no_error_no_memory_and_no_files_behind(browser):
    found = soak(browser, pictures=100)
    assert found["clicks"] == [CLICKS] * 100 and CLICKS == 20
    assert found["errors"] == [] and found["server_log"] == ""
    assert found["server_mb"][-1] < 1.1 * found["server_mb"][9]
    # the page's heap is of some 6 MB, in which compiled code comes and goes
    assert found["page_mb"][-1] < found["page_mb"][9] + 2
    assert max(found["files"]) <= SESSIONS * FILES_KEPT
