import Glibc
import Support

extension FileLock {
    /// Locks a file of the cache's own, which is made if it is missing.
    ///
    /// - Parameter patience: How long to wait for who has it locked.
    convenience init(path: String, patience: Duration) throws(SystemError) {
        let descriptor: Int32
        do throws(PrivateFile.Refusal) {
            descriptor = try PrivateFile.open(path, O_RDWR | O_CREAT)
        } catch {
            throw SystemError(error)
        }
        try self.init(descriptor, of: path, patience: patience)
    }

    /// Whether nobody has a file locked, or it is missing.
    static func isFree(path: String) -> Bool {
        let descriptor: Int32
        do throws(PrivateFile.Refusal) {
            descriptor = try PrivateFile.open(path, O_RDWR)
        } catch {
            // Nobody here has locked a file that isn't the user's own.
            return error.code == .system(ENOENT) || error.code == .wrongType || error.code == .notPrivate
        }
        defer { close(descriptor) }
        return isFree(descriptor)
    }
}
