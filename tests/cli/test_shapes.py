# SPDX-License-Identifier: Apache-2.0
"""Components whose shape is uncommon, and toolchains make it: they run like any other."""

import json


def test_components_inside_one_another_pass_text_between_their_memories(cordon, wat):
    done = cordon("run", wat("nested"), "to and fro, ž and 🎈")
    assert done.status == 0 and done.text == "to and fro, ž and 🎈", done.err


def test_an_interface_of_types_alone_is_no_import_to_refuse(cordon, wat):
    done = cordon("run", wat("types-only"), "--args", '{"side": {"length": 7}}')
    assert done.status == 0 and done.text.strip() == "49", done.err
    assert "docs:shapes" not in cordon("inspect", wat("types-only")).text


def test_an_interface_of_a_resource_alone_is_refused_by_name(cordon, wat):
    done = cordon("run", wat("resource-import"))
    assert done.status == 6 and "docs:shapes/pens" in done.err


def test_what_a_toolchain_left_behind_is_neither_called_nor_a_tool(cordon, wat):
    done = cordon("run", wat("leftover"))
    assert done.status == 0 and done.text.strip() == "42", done.err
    assert [tool["name"] for tool in json.loads(cordon("tools", wat("leftover")).out)] == ["answer"]
    done = cordon("run", wat("leftover"), "-c", "init", "--args", '{"shim": ""}')
    assert done.status != 0 and "cannot be called" in done.err


def test_a_module_of_a_guest_has_one_memory(cordon, tmp_path):
    """The engine can do more, for what Wasmtime makes between nested components. A guest cannot."""
    file = tmp_path / "two.wat"
    file.write_text("(component (core module (memory 1) (memory 1)))")
    done = cordon("run", file)
    assert done.status == 6 and "several memories in one module" in done.err
