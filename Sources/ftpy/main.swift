import Glibc
import ScriptRuntime

exit(ScriptCommand.run(CommandLine.argc, CommandLine.unsafeArgv))
