/// Which modules may not import which others although these are below them.
struct ImportRules {
    /// The modules that each module may not import.
    let forbidden: [String: Set<String>]

    /// The rules of this package.
    static let package = ImportRules(
        forbidden: [
            "MountRuntime": ["ArgumentParser"],
            "FileSystem": ["COpenSSL", "Envelope", "Transfer", "TwilioAPI"],
            "FileTree": ["CFUSE", "FileSystem", "Monitoring"],
            "Prefetching": ["CFUSE"],
            "Readability": ["CFUSE"],
            "Monitoring": ["Catalog", "DiskCache", "Envelope", "Media", "Sync", "Transfer", "TwilioAPI"],
            "Sync": ["CFUSE", "FileSystem", "Media"],
            "Catalog": ["CCurl", "Transfer"],
            "Media": ["CFUSE", "FileTree", "KeyProcess"],
            "DiskCache": ["Credentials", "Envelope", "Transfer", "TwilioAPI"],
            "Credentials": ["CCurl", "KeyProcess"],
            "KeyProcess": ["CCurl", "Credentials", "Transfer", "TwilioAPI"],
            "Envelope": ["CCurl", "Transfer", "TwilioAPI"],
            "TwilioAPI": ["CSQLite", "GRDB"],
            "Transfer": ["Envelope", "Media", "TwilioAPI"],
        ])

    /// The imports that break a rule, as sentences.
    ///
    /// - Parameter imports: all imports of each module.
    func violations(_ imports: [String: Set<String>]) -> [String] {
        forbidden.flatMap { module, others in
            others.intersection(imports[module, default: []]).map { "\(module) imports \($0)" }
        }.sorted()
    }
}
