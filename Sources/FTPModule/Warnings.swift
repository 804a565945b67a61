import PythonBridge

/// Warns as Python's `warnings.warn` does, in the name of the Python code that called the module. Throws the warning where a filter makes it
/// an error.
func warn(_ category: String, _ message: String) throws {
  let keywords = try PythonObject.dictionary()
  try keywords.set(.integer(1), for: "stacklevel")
  _ = try importModule("warnings").attribute("warn").call(
    arguments: .tuple(.string(message), importModule("builtins").attribute(category)), keywords: keywords)
}
