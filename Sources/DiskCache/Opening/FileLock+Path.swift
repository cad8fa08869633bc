import Glibc
import Support

extension FileLock {
    /// Locks a file of the cache, and creates it if it is missing; `patience` is the wait for another holder.
    convenience init(path: String, patience: Duration) throws(SystemError) {
        let descriptor: Int32
        do throws(PrivateFile.Refusal) {
            descriptor = try PrivateFile.open(path, O_RDWR | O_CREAT)
        } catch {
            throw SystemError(error)
        }
        try self.init(descriptor, of: path, patience: patience)
    }

    /// Whether a file is unlocked or missing.
    static func isFree(path: String) -> Bool {
        let descriptor: Int32
        do throws(PrivateFile.Refusal) {
            descriptor = try PrivateFile.open(path, O_RDWR)
        } catch {
            // The cache locks only regular files that are private.
            return error.code == .system(ENOENT) || error.code == .wrongType || error.code == .notPrivate
        }
        defer { close(descriptor) }
        return isFree(descriptor)
    }
}
