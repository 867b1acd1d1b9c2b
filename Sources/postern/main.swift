import Glibc
import Receiver

exit(CommandLineTool.run(Array(CommandLine.arguments.dropFirst())).rawValue)
