import Foundation
import TestSupport

/// The modules of the package, from bottom to top, and the imports of their files.
struct ModuleList {
    /// The modules in the order of Package.swift, each with a folder in `Sources`.
    let names: [String]

    /// The modules of the package that each module's files import.
    let imports: [String: Set<String>]

    /// Reads the package that these tests belong to.
    init() throws {
        let sources = BuiltPrograms.package.appending(path: "Sources")
        let folders = try FileManager.default.contentsOfDirectory(atPath: sources.path)
        let manifest = try String(contentsOf: BuiltPrograms.package.appending(path: "Package.swift"), encoding: .utf8)
        var files: [String: [String]] = [:]
        for folder in folders {
            let paths = FileManager.default.enumerator(atPath: sources.appending(path: folder).path)
            let names = (paths?.allObjects as? [String] ?? []).filter { $0.hasSuffix(".swift") }
            files[folder] = try names.map {
                try String(contentsOf: sources.appending(path: "\(folder)/\($0)"), encoding: .utf8)
            }
        }
        self.init(manifest: manifest, files: files)
    }

    /// - Parameter files: the texts of the Swift files of each folder in `Sources`.
    init(manifest: String, files: [String: [String]]) {
        let declared = manifest.matches(of: /(?:\bmodule\(|\.(?:systemLibrary|executableTarget)\(\s*name:)\s*"([\w-]+)"/)
        let names = declared.map { String($0.output.1) }.filter { files[$0] != nil }
        self.names = names
        imports = files.mapValues { texts in
            Set(texts.flatMap(Self.imports)).intersection(names)
        }
    }

    /// The modules that a file imports.
    private static func imports(_ text: String) -> [String] {
        let declaration = /^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:\w+\s+)?import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)/
        return text.split(separator: "\n").compactMap { $0.prefixMatch(of: declaration).map { String($0.output.1) } }
    }

    /// All imports of modules that Package.swift declares at the same height or above, as sentences.
    var upwardImports: [String] {
        names.indices.flatMap { index in
            (imports[names[index]] ?? []).subtracting(names[..<index]).sorted().map { "\(names[index]) imports \($0)" }
        }
    }

    /// Modules without a place in the order: folders in `Sources` that Package.swift doesn't declare.
    var undeclared: Set<String> { Set(imports.keys).subtracting(names) }
}
