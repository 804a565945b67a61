import ScriptRuntime

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

exit(ScriptCommand.run(CommandLine.argc, CommandLine.unsafeArgv))
