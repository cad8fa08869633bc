/// Which modules may not import which others, besides those above them.
struct ImportRules {
    /// An import that breaks a rule for a while.
    struct Exception: Hashable {
        let module: String
        let imported: String

        /// Why it is there, and what removes it.
        let reason: String
    }

    /// The modules that each module may not import. Some of them may not exist yet.
    let forbidden: [String: Set<String>]
    let exceptions: [Exception]

    /// The modules that know what media and its protection are, which the parts above `FileTree` don't.
    static let ofThisPackage = ImportRules(
        forbidden: [
            "FileSystem": ["TwilioAPI", "Transfer", "Envelope"],
            "FileTree": ["CFUSE", "FileSystem", "Monitoring"],
            "Prefetching": ["CFUSE"],
            "Readability": ["CFUSE"],
            "Sync": ["FileSystem", "CFUSE", "Media"],
            "Catalog": ["Transfer"],
            "Media": ["CFUSE", "FileTree"],
            "Envelope": ["Transfer", "TwilioAPI"],
            "TwilioAPI": ["CSQLite", "GRDB"],
            "Transfer": ["TwilioAPI", "Envelope", "Media"],
        ],
        exceptions: [
            Exception(
                module: "Catalog", imported: "Transfer",
                reason: "It still brings its lists up to date itself, until a module Sync does.")
        ])

    /// All imports that break a rule without an exception, and all exceptions without such an import, as sentences.
    ///
    /// - Parameter imports: the imports of each module.
    func violations(_ imports: [String: Set<String>]) -> [String] {
        var excused = Set(exceptions.map { [$0.module, $0.imported] })
        var violations: [String] = []
        for (module, others) in forbidden {
            for other in others.intersection(imports[module] ?? []) where excused.remove([module, other]) == nil {
                violations.append("\(module) imports \(other)")
            }
        }
        return violations + excused.map { "\($0[0]) doesn't import \($0[1]), so it needs no exception" }
    }
}
