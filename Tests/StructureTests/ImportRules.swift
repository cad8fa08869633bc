/// Which modules may not import which others although these are below them.
struct ImportRules {
    /// An import that breaks a rule for a while.
    struct Exception {
        let module: String
        let imported: String

        /// Why it is there, and what removes it.
        let reason: String
    }

    /// The modules that each module may not import; some don't exist yet.
    let forbidden: [String: Set<String>]
    let exceptions: [Exception]

    /// The rules of this package.
    static let package = ImportRules(
        forbidden: [
            "MountRuntime": ["ArgumentParser"],
            "FileSystem": ["COpenSSL", "Envelope", "Transfer", "TwilioAPI"],
            "FileTree": ["CFUSE", "FileSystem", "Monitoring"],
            "Prefetching": ["CFUSE"],
            "Readability": ["CFUSE"],
            "Sync": ["CFUSE", "FileSystem", "Media"],
            "Catalog": ["CCurl", "Transfer"],
            "Media": ["CFUSE", "FileTree"],
            "DiskCache": ["Envelope", "Transfer", "TwilioAPI"],
            "Envelope": ["CCurl", "Transfer", "TwilioAPI"],
            "TwilioAPI": ["CSQLite", "GRDB"],
            "Transfer": ["Envelope", "Media", "TwilioAPI"],
        ],
        exceptions: [
            Exception(
                module: "Catalog", imported: "Transfer",
                reason: "The catalog brings itself up to date, until a module Sync does that.")
        ])

    /// The imports that break a rule without an exception, and the exceptions that aren't needed, as sentences.
    ///
    /// - Parameter imports: all imports of each module.
    func violations(_ imports: [String: Set<String>]) -> [String] {
        var excused = Set(exceptions.map { [$0.module, $0.imported] })
        var violations: [String] = []
        for (module, others) in forbidden {
            for other in others.intersection(imports[module, default: []]) where excused.remove([module, other]) == nil
            {
                violations.append("\(module) imports \(other)")
            }
        }
        return violations.sorted() + excused.map { "\($0[0]) needs no exception for \($0[1])" }.sorted()
    }
}
