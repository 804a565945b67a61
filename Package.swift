// swift-tools-version: 6.3
import PackageDescription

/// The one file of settings for every Swift target: the language of 2025, and no import that is not meant. In a release build what is small
/// in one module goes into the others, and each function is a piece of its own for the linker, which lays them in `inOrder`.
let swiftSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .unsafeFlags(["-cross-module-optimization", "-Xfrontend", "-function-sections"], .when(configuration: .release)),
]

/// A static Swift runtime: `libftplib.so` and `ftpy` must load where no Swift toolchain is installed.
/// It stands on the leaf products alone: linker settings reach everything that links the target, tests included.
/// So does libstdc++, which Swift's runtime needs: to load the shared one takes a third of an import. Sources/ftpy/static holds what makes the
/// linker take the static one.
/// `SYMBOLS=1 swift build -c release` leaves the names of functions in, for a profiler.
let staticRuntime =
  ["-static-stdlib", "-L\(Context.packageDirectory)/Sources/ftpy/static", "-Xclang-linker", "-static-libgcc"]
  + (Context.environment["SYMBOLS"] == nil ? ["-Xlinker", "-s"] : [])

/// What runs in each command, session and transfer lies together: between two of a server's answers the processor forgets most of it.
/// Tests/Benchmarks/order.py makes the list. A name in it that is no longer there does no harm.
let inOrder = [
  "-Xlinker", "--symbol-ordering-file=\(Context.packageDirectory)/Sources/ftplib/symbols.order",
  "-Xlinker", "--no-warn-symbol-ordering",
]

/// For `ftpy` alone: little to look up, to load and to move when it starts. Sources/ftpy/static holds what makes the linker take
/// Python into the binary. Like python3, it lies in memory where the linker has put it.
let quickStart = ["-Xclang-linker", "-no-pie", "-ld-path=\(Context.packageDirectory)/Sources/ftpy/static/link"]

let package = Package(
  name: "ftplib",
  products: [
    .library(name: "FTPClient", targets: ["FTPClient"]),
    .library(name: "FTPTLS", targets: ["FTPTLS"]),
    .library(name: "FTPClientAsync", targets: ["FTPClientAsync"]),
    .library(name: "ScriptRuntime", targets: ["ScriptRuntime"]),
    .library(name: "ftplib", type: .dynamic, targets: ["ftplib"]),
    .executable(name: "ftpy", targets: ["ftpy"]),
  ],
  // For documentation alone: DOCUMENTATION=1 swift package generate-documentation --target ScriptRuntime. A build needs no network.
  dependencies: Context.environment["DOCUMENTATION"] == nil
    ? [] : [.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0")],
  targets: [
    // The protocol, in Swift alone.
    .target(name: "FTPClient", swiftSettings: swiftSettings),

    // TLS for it in Swift programs, by OpenSSL. Nothing that Python loads depends on it: there TLS is Python's own.
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .target(name: "FTPTLS", dependencies: ["FTPClient", "COpenSSL"], swiftSettings: swiftSettings),
    // The client for `async` code, on a thread of its own for each connection.
    .target(name: "FTPClientAsync", dependencies: ["FTPClient"], swiftSettings: swiftSettings),

    // Python's headers (stable ABI 3.11) as a Swift module; never links libpython.
    .systemLibrary(name: "CPython", pkgConfig: "python3", providers: [.apt(["libpython3-dev"])]),
    .target(name: "PythonBridge", dependencies: ["CPython"], swiftSettings: swiftSettings),
    .target(
      name: "FTPModule", dependencies: ["FTPClient", "PythonBridge", "CPython"],
      swiftSettings: swiftSettings),
    .target(
      name: "ftplib", dependencies: ["FTPModule", "CPython"], exclude: ["exports.map", "symbols.order"],
      swiftSettings: swiftSettings,
      linkerSettings: [
        .unsafeFlags(
          staticRuntime + inOrder + [
            // The default linker leaves local symbols in the dynamic table; the toolchain's own does not.
            "-use-ld=lld", "-Xlinker", "--version-script=\(Context.packageDirectory)/Sources/ftplib/exports.map",
          ])
      ]),

    // The interpreter inside a Swift program.
    .systemLibrary(
      name: "CPythonEmbed", pkgConfig: "python3-embed", providers: [.apt(["libpython3-dev"])]),
    .target(name: "DeviceModules", exclude: ["modules"]),
    .target(name: "CScriptRuntime", dependencies: ["CPythonEmbed"]),
    .target(
      name: "ScriptRuntime",
      dependencies: ["CScriptRuntime", "DeviceModules", "FTPModule", "FTPClient", "PythonBridge", "CPython"],
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "ftpy", dependencies: ["ScriptRuntime"], exclude: ["static"], swiftSettings: swiftSettings,
      linkerSettings: [.unsafeFlags(staticRuntime + inOrder + quickStart)]),

    // A program as its users write it; the tests run it.
    .executableTarget(
      name: "SwiftClient", dependencies: ["FTPClient", "FTPClientAsync", "FTPTLS"], path: "examples/SwiftClient",
      swiftSettings: swiftSettings),
    // A program whose cases ScriptRuntimeTests start: what concerns a whole process.
    .executableTarget(
      name: "HostProbe", dependencies: ["ScriptRuntime", "FTPClient", "FTPTLS"], path: "Tests/HostProbe",
      swiftSettings: swiftSettings),

    .testTarget(
      name: "FTPClientTests", dependencies: ["FTPClient", "FTPTLS", "FTPClientAsync", "COpenSSL", "SwiftClient"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ScriptRuntimeTests", dependencies: ["ScriptRuntime", "FTPClient", "HostProbe"],
      swiftSettings: swiftSettings),
  ],
  cLanguageStandard: .c2x
)
