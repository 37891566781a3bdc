package trial

import (
	"os"
	"path/filepath"
	"runtime"
)

// Replace puts content at path so that a reader, also one after a power failure, finds the old file or the new one
// and never a part.
func Replace(path string, content []byte) error {
	return swap(path, func(temp string) error { return writeSynced(temp, content) })
}

// swap has create make a file at a temporary path beside path, and renames it to path.
func swap(path string, create func(temp string) error) error {
	// A folder, so that the name inside is certain to be free whatever create makes there.
	dir, err := os.MkdirTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	temp := filepath.Join(dir, filepath.Base(path))
	if err := create(temp); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func writeSynced(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// syncDir makes the names in dir durable: syncing a file does not sync the entry that leads to it.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // a folder cannot be synced there
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = f.Sync()
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}
