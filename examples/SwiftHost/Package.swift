// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "SwiftHost",
  dependencies: [.package(name: "ftplib", path: "../..")],
  targets: [
    .executableTarget(
      name: "SwiftHost", dependencies: [.product(name: "ScriptRuntime", package: "ftplib")],
      swiftSettings: [.swiftLanguageMode(.v6)])
  ])
