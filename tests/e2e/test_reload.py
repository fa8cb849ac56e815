"""The page is loaded anew, or its work is gone."""


def test_a_reload_goes_on_with_the_work(tool, server):
    tool.example("coffee")
    tool.click(300, 130)
    tool.idle()
    pages = len(server.pages)
    zoom = tool.page.locator("[data-ref=zoom]")
    fitted = zoom.inner_text()
    tool.page.keyboard.press("+")
    tool.page.wait_for_timeout(100)
    zoomed = zoom.inner_text()
    tool.page.reload()
    tool.page.wait_for_selector(".cfr:not([data-empty])")
    tool.idle()
    assert tool.page.locator("[data-ref=objects] li").count() == 1
    assert zoom.inner_text() == zoomed != fitted
    tool.page.keyboard.press("f")
    tool.click(310, 140)
    tool.idle()
    assert len(server.pages) == pages
    assert [(click.x, click.y) for click in tool.session.active.clicks] == [(300, 130), (310, 140)]
    for _ in range(2):
        tool.page.keyboard.press("Control+z")
    tool.idle()
    assert tool.session.document.instances == ()


def test_work_that_the_server_has_forgotten_is_told_once(tool, server):
    tool.example("coffee")
    sent = []
    tool.page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    server.pages[-1].token = "another"
    tool.click(300, 130)
    toast = tool.page.locator(".toast-body").first
    toast.wait_for()
    assert "reload the page" in toast.inner_text()
    tool.idle()
    asked = len(sent)
    tool.page.wait_for_timeout(500)
    assert len(sent) == asked


def test_clicks_wait_until_the_server_is_reached_again(tool, server):
    tool.example("coffee")
    refused = []

    def refuse(route):
        refused.append(route)
        route.abort()

    tool.page.route("**/component_server/", refuse)
    tool.click(300, 130)
    toast = tool.page.locator(".toast-body").first
    toast.wait_for()
    assert "cannot be reached" in toast.inner_text() and len(refused) == 1
    tool.click(310, 140)
    tool.page.unroute("**/component_server/")
    tool.idle()
    assert [(click.x, click.y) for click in tool.session.active.clicks] == [(300, 130), (310, 140)]
    assert all("net::ERR_FAILED" in error for error in tool.errors)
    tool.errors.clear()
