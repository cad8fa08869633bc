import Foundation
import TestSupport

/// The modules of a package from bottom to top, and the imports of their files.
struct ModuleList {
    /// The modules in the order of Package.swift, each with a folder in `Sources`.
    let names: [String]

    /// All that the files in each folder of `Sources` import.
    let imports: [String: Set<String>]

    /// Reads the package that these tests belong to.
    init() throws {
        let sources = BuiltPrograms.package.appending(path: "Sources")
        var files: [String: [String]] = [:]
        for folder in try FileManager.default.contentsOfDirectory(atPath: sources.path) {
            let paths = FileManager.default.enumerator(atPath: sources.appending(path: folder).path)?.allObjects ?? []
            files[folder] = try paths.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.map {
                try String(contentsOf: sources.appending(path: "\(folder)/\($0)"), encoding: .utf8)
            }
        }
        let manifest = BuiltPrograms.package.appending(path: "Package.swift")
        self.init(manifest: try String(contentsOf: manifest, encoding: .utf8), files: files)
    }

    /// - Parameter files: the texts of the Swift files in each folder of `Sources`.
    init(manifest: String, files: [String: [String]]) {
        let declaration = /(?:\bmodule\(|\.(?:systemLibrary|executableTarget)\(\s*name:)\s*"([\w-]+)"/
        names = manifest.matches(of: declaration).map { String($0.output.1) }.filter { files[$0] != nil }
        imports = files.mapValues { Set($0.flatMap(Self.imports)) }
    }

    private static func imports(_ text: String) -> [String] {
        let declaration = /\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:\w+\s+)?import\s+(?:[a-z]+\s+)?(\w+)/
        return text.split(separator: "\n").compactMap { $0.prefixMatch(of: declaration).map { String($0.output.1) } }
    }

    /// The imports of modules that Package.swift doesn't declare before the one that imports, as sentences.
    var upwardImports: [String] {
        names.indices.flatMap { index in
            let others = imports[names[index], default: []].intersection(names[index...])
            return others.sorted().map { "\(names[index]) imports \($0)" }
        }
    }

    /// Folders of `Sources` that Package.swift doesn't declare.
    var undeclared: Set<String> { Set(imports.keys).subtracting(names) }
}
