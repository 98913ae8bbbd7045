# SPDX-License-Identifier: Apache-2.0
"""An export in C or Python: functions that need nothing, for a window and for an image."""

from collections.abc import Callable, Sequence

from evoarray.evolution.simplify.graph import Pixel, Value, names, nodes, pixels
from evoarray.model.filter.functions import OPERATIONS
from evoarray.model.window import WINDOW_PIXELS

# What is called below, no variable has the name of, whatever the export is called: in C it has an
# underscore, and a part after it, that no variable has; in Python it begins with one.

_C = """\
{remarks}

#include <stdint.h>

{functions}static uint8_t {name}_pixel(const uint8_t window[9]) {{
{body}
  return {output};
}}

// The filtered pixel; window: {window}.
uint8_t {name}(const uint8_t window[9]) {{
  return {name}_pixel(window);
}}

// Filters an image of whole rows; noisy and filtered must not overlap. At the edges a missing pixel
// repeats the nearest real one.
void {name}_image(const uint8_t *noisy, uint8_t *filtered, int width, int height) {{
  for (int y = 0; y < height; ++y) {{
    for (int x = 0; x < width; ++x) {{
      uint8_t window[9];
      for (int i = 0; i < 9; ++i) {{
        const int row = y + i / 3 - 1, column = x + i % 3 - 1;
        const int inside_row = row < 0 ? 0 : row < height ? row : height - 1;
        const int inside_column = column < 0 ? 0 : column < width ? column : width - 1;
        window[i] = noisy[(long)inside_row * width + inside_column];
      }}
      filtered[(long)y * width + x] = {name}_pixel(window);
    }}
  }}
}}
"""

_PYTHON = '''\
{remarks}


{functions}def {name}(window):
    """Return the filtered pixel of a window: {window}, 0 to 255."""
{body}
    return {output}


_window_filter = {name}


def {name}_image(rows):
    """Return a filtered image; rows are lists of pixels, 0 to 255.

    At the edges a missing pixel repeats the nearest real one.
    """
    height, width = len(rows), len(rows[0])

    def pixel(y, x):
        return rows[min(max(y, 0), height - 1)][min(max(x, 0), width - 1)]

    return [
        [
            _window_filter([pixel(y + i // 3 - 1, x + i % 3 - 1) for i in range(9)])
            for x in range(width)
        ]
        for y in range(height)
    ]
'''


def c_source(output: Value, name: str, remarks: Sequence[str]) -> str:
    """Return a C99 file with NAME, for a window, and NAME_image."""

    def function(operation: str, operands: str) -> str:
        parameters = ", ".join(f"uint8_t {each}" for each in operands)
        result = OPERATIONS[operation].c
        return (
            f"static uint8_t {name}_{operation}({parameters}) {{ return (uint8_t)({result}); }}\n"
        )

    functions = "".join(_each_operation(output, function))
    return _C.format(
        remarks="\n".join(f"// {remark}" for remark in remarks),
        functions=functions + "\n" if functions else "",
        window=", ".join(WINDOW_PIXELS),
        name=name,
        body="\n".join(_body(output, "  const uint8_t {} = {};", f"{name}_")) or "  (void)window;",
        output=names(output)(output),
    )


def python_source(output: Value, name: str, remarks: Sequence[str]) -> str:
    """Return a Python file with NAME, for a window, and NAME_image."""

    def function(operation: str, operands: str) -> str:
        parameters = ", ".join(operands)
        return f"def _{operation}({parameters}):\n    return {OPERATIONS[operation].python}\n\n\n"

    return _PYTHON.format(
        remarks="\n".join(f"# {remark}" for remark in remarks),
        functions="".join(_each_operation(output, function)),
        window=", ".join(WINDOW_PIXELS),
        name=name,
        body="\n".join(_body(output, "    {} = {}", "_")),
        output=names(output)(output),
    )


def _each_operation(output: Value, function: Callable[[str, str], str]) -> list[str]:
    arities = {node.operation: len(node.operands) for node in nodes(output)}
    return [function(operation, "ab"[:arity]) for operation, arity in sorted(arities.items())]


def _body(output: Value, assignment: str, prefix: str) -> list[str]:
    name = names(output)
    read = [(name(Pixel(i)), f"window[{i}]") for i in pixels(output)]
    computed = [
        (name(node), f"{prefix}{node.operation}({', '.join(map(name, node.operands))})")
        for node in nodes(output)
    ]
    return [assignment.format(*each) for each in read + computed]
