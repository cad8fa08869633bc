import FoundationEssentials
import Glibc
import Support

/// The files that a mount needs once it is there.
///
/// Files with secrets and the log file aren't among them, since a file that replaces one of them is another file for
/// the kernel: the ``Doorkeeper`` opens these.
enum MountAccess {
    /// The rules of a mount.
    ///
    /// - Parameters:
    ///   - cacheFolder: The folder of the catalogs, of ciphertext, and of unnamed temporary files.
    ///   - authorityFile: The file of certificate authorities that is used instead of the system's.
    static func rules(cacheFolder: String, authorityFile: String?) -> [Landlock.Rule] {
        var rules = [Landlock.Rule(path: cacheFolder, access: .owning)]
        // libcurl reads it for new connections, and a new one may take its place: so its folder. The kernel judges the
        // file that a link leads to.
        for file in [authorityFile].compactMap(\.self) + bundles {
            rules += folders(ofFile: file).map { Landlock.Rule(path: $0, access: .readFile) }
        }
        rules += readable.map { Landlock.Rule(path: $0, access: .reading) }
        rules += resolverSettings().map { Landlock.Rule(path: $0, access: .reading) }
        rules += devices.map { Landlock.Rule(path: $0, access: [.readFile, .writeFile]) }
        return rules + ownProgram()
    }

    /// What libraries read late: name services, time zones, certificate authorities, settings of OpenSSL; and what the
    /// kernel tells of itself and of processes that use the mount.
    private static let readable = [
        "/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/ld.so.preload",
        "/etc/hosts", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/host.conf", "/etc/services", "/etc/protocols",
        "/etc/passwd", "/etc/group", "/etc/localtime", "/etc/timezone", "/usr/share/zoneinfo", "/etc/resolv.conf",
        "/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/openssl.cnf", "/etc/pki/tls/certs", "/etc/pki/tls/cert.pem",
        "/etc/pki/tls/openssl.cnf", "/etc/pki/ca-trust", "/etc/ca-certificates", "/etc/crypto-policies",
        "/var/lib/ca-certificates", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
        "/usr/share/crypto-policies", "/proc", "/sys/devices/system/cpu", "/dev/urandom", "/dev/random",
    ]

    /// The files of certificate authorities that libcurl may have been built to use; in some systems they are links.
    static let bundles = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem", "/etc/ssl/certs/ca-bundle.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    ].filter { (path: String) in access(path, R_OK) == 0 }

    /// The folders through which a file, or the links that lead to it, can be replaced.
    private static func folders(ofFile path: String) -> [String] {
        // In the root folder it is the file itself: the folder would allow everything.
        TrustedPath.folders(ofFile: path).map { $0 == "/" ? path : $0 }
    }

    /// /dev/tty tells whether the terminal has gone.
    private static let devices = ["/dev/null", "/dev/tty"]

    /// The folder with the settings of name servers, whose file is replaced when the network changes.
    private static func resolverSettings() -> [String] {
        guard let target = realpath("/etc/resolv.conf", nil) else { return ["/etc"] }
        defer { free(target) }
        return [folder(of: String(cString: target))]
    }

    /// This program and its libraries, wherever they are, for messages about a crash; it may start none.
    private static func ownProgram() -> [Landlock.Rule] {
        let maps = KernelFile.text(of: "/proc/self/maps") ?? ""
        let files = Set(
            maps.split(separator: "\n").compactMap { line in line.firstIndex(of: "/").map { String(line[$0...]) } })
        let folders = Set(files.filter { $0.contains(".so") }.map(folder(of:)))
        return [Landlock.Rule(path: "/proc/self/exe", access: .readFile)]
            + folders.sorted().map { Landlock.Rule(path: $0, access: .reading) }
    }

    /// The folder of a file; the file itself in the root folder, which would allow everything.
    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return path }
        return String(path[..<slash])
    }
}
