"""Keys of one's own: chosen in the help, remembered, shown, kept in a file, and taken back."""

import json

from playwright.sync_api import expect


def choose(tool, command, key):
    button = tool.page.locator(f"[data-ref=keys] [data-command={command}]")
    button.click()
    tool.page.keyboard.press(key)
    return button


def open_keys(tool):
    tool.page.keyboard.press("?")
    fold = tool.page.locator(".own-keys")
    if fold.get_attribute("open") is None:
        fold.locator("summary").click()


def tool_chosen(tool):
    return tool.page.locator("[data-tool][aria-checked=true]").get_attribute("data-tool")


def test_a_key_is_changed_remembered_and_shown(tool, squares):
    tool.upload(squares)
    open_keys(tool)
    assert choose(tool, "tool-brush", "k").inner_text() == "K"
    expect(tool.page.locator("dialog.help [data-key=tool-brush]")).to_have_text("K")
    tool.page.keyboard.press("Escape")
    expect(tool.page.locator("dialog.help")).to_be_hidden()
    tool.page.keyboard.press("b")
    assert tool_chosen(tool) == "click"
    tool.page.reload()
    tool.page.wait_for_selector(".cfr:not([data-empty])")
    tool.idle()
    tool.page.keyboard.press("k")
    assert tool_chosen(tool) == "brush"
    assert tool.page.locator("[data-tool=brush]").get_attribute("title").endswith("(K)")
    open_keys(tool)
    tool.page.get_by_role("button", name="Usual keys").click()
    tool.page.keyboard.press("Escape")
    tool.page.keyboard.press("v")
    tool.page.keyboard.press("k")
    assert tool_chosen(tool) == "click"
    tool.page.keyboard.press("b")
    assert tool_chosen(tool) == "brush"


def test_a_clash_and_a_key_with_a_fixed_place_are_told_in_a_sentence(tool):
    open_keys(tool)
    button = choose(tool, "tool-brush", "l")
    said = tool.page.locator("[data-ref=keys-said]")
    expect(said).to_have_text("L is the key of “Lasso”; give that one another key first.")
    assert button.inner_text() == "B"
    choose(tool, "tool-brush", "1")
    expect(said).to_have_text("This key cannot be chosen; it has its place already.")
    choose(tool, "tool-brush", "Escape")
    expect(said).to_have_text("")
    expect(tool.page.locator("dialog.help")).to_be_visible()
    assert button.inner_text() == "B"


def test_keys_are_kept_in_a_file(tool, tmp_path):
    open_keys(tool)
    choose(tool, "tool-brush", "k")
    path = tool.download("Save keys").path()
    with open(path) as file:
        assert json.load(file) == {"keys": {"tool-brush": "K"}}
    damaged, chosen = tmp_path / "damaged.json", tmp_path / "keys.json"
    damaged.write_text('{"keys": {"tool-brush": "L"}}')
    chosen.write_text('{"keys": {"tool-box": "K", "of another version": "Y"}}')
    tool.page.set_input_files("[data-ref=keys-file]", damaged)
    expect(tool.page.locator("[data-ref=keys-said]")).to_contain_text("one key for two commands")
    tool.page.set_input_files("[data-ref=keys-file]", chosen)
    expect(tool.page.locator("[data-command=tool-box]")).to_have_text("K")
    expect(tool.page.locator("[data-command=tool-brush]")).to_have_text("B")
