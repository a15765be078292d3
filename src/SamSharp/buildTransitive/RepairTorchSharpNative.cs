using System;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Makes a copy of TorchSharp's libLibTorchSharp.so load where libstdc++ is older than GCC 13.2's. Two edits of a 64-bit ELF file:
/// the required version GLIBCXX_3.4.32 becomes weak (the loader then continues without it), and the one symbol bound to it,
/// std::ios_base_library_init(), is bound to another imported function without arguments, whose call is harmless.
/// Compiled by MSBuild on the user's machine; it changes nothing outside the given files.
/// </summary>
public class RepairTorchSharpNative : Task
{
    private const string Version = "GLIBCXX_3.4.32";
    private const string Missing = "_ZSt21ios_base_library_initv";
    private const string StandIn = "_ZNSt6chrono3_V212steady_clock3nowEv";
    private const int VersionIsWeak = 0x2;

    [Required]
    public string[] Files { get; set; }

    /// <summary>"auto": only where the system's libstdc++ lacks the symbol. "always": regardless of this machine.</summary>
    public string Mode { get; set; } = "auto";

    public override bool Execute()
    {
        if (Mode != "auto" && Mode != "always")
        {
            Log.LogError("SamSharpRepairNative is '{0}'; it can be auto, always or never.", Mode);
            return false;
        }
        if (Mode == "auto" && SystemHasSymbol()) return true;

        foreach (var file in Files)
        {
            try
            {
                var image = File.ReadAllBytes(file);
                if (!new ElfImage(image).Redirect(Version, Missing, StandIn, VersionIsWeak)) continue;
                Replace(file, image);
                Log.LogMessage(MessageImportance.High,
                    "SamSharp: {0} made to load with this system's libstdc++ (it asks for {1}; see SamSharp.targets).", file, Version);
            }
            catch (Exception e) when (e is IOException || e is UnauthorizedAccessException || e is InvalidDataException)
            {
                Log.LogWarning("SamSharp could not repair {0}: {1} TorchSharp may not load here; install libstdc++ of GCC 13.2 or later, " +
                    "or set SamSharpRepairNative to never to silence this.", file, e.Message);
            }
        }
        return !Log.HasLoggedErrors;
    }

    /// <summary>A new file moved into place: the old one may be a hard link into the package cache, or be in use. Its time stays,
    /// so that the next build sees an unchanged copy.</summary>
    private static void Replace(string file, byte[] image)
    {
        var time = File.GetLastWriteTimeUtc(file);
        var temporary = file + "." + Guid.NewGuid().ToString("N");
        File.WriteAllBytes(temporary, image);
        File.SetLastWriteTimeUtc(temporary, time);
        File.Delete(file);
        File.Move(temporary, file);
    }

    private static bool SystemHasSymbol()
    {
        const int lazy = 1;
        var library = dlopen("libstdc++.so.6", lazy);
        return library != IntPtr.Zero && dlsym(library, Missing) != IntPtr.Zero;
    }

    [DllImport("libc.so.6")]
    private static extern IntPtr dlopen([MarshalAs(UnmanagedType.LPStr)] string file, int flags);

    [DllImport("libc.so.6")]
    private static extern IntPtr dlsym(IntPtr library, [MarshalAs(UnmanagedType.LPStr)] string symbol);

    /// <summary>The few tables of a little-endian 64-bit ELF file that symbol versions live in.</summary>
    private sealed class ElfImage
    {
        private readonly byte[] _image;
        private readonly Section _symbols, _versions, _needs, _names;

        private struct Section
        {
            public int Offset, Size;
        }

        public ElfImage(byte[] image)
        {
            _image = image;
            if (image.Length < 64 || U32(0) != 0x464C457F || image[4] != 2 || image[5] != 1)
                throw new InvalidDataException("It is not a little-endian 64-bit ELF file.");
            _symbols = Find(11);            // SHT_DYNSYM
            _versions = Find(0x6FFFFFFF);   // SHT_GNU_versym
            _needs = Find(0x6FFFFFFE);      // SHT_GNU_verneed
            _names = At(U32(HeaderOf(11) + 40)); // the string table that .dynsym links to
        }

        /// <summary>False if the file needs no repair: no such version, or already weak.</summary>
        public bool Redirect(string version, string from, string to, int weak)
        {
            var need = FindNeed(version);
            if (need < 0 || (U16(need + 4) & weak) != 0) return false;

            int source = FindSymbol(from), target = FindSymbol(to);
            if (source < 0 || target < 0)
                throw new InvalidDataException("It needs " + version + " in a way this repair does not know.");

            Put16(need + 4, U16(need + 4) | weak);
            Put32(_symbols.Offset + 24 * source, U32(_symbols.Offset + 24 * target));
            Put16(_versions.Offset + 2 * source, U16(_versions.Offset + 2 * target));
            return true;
        }

        private int FindSymbol(string name)
        {
            for (var i = 0; i < _symbols.Size / 24; i++)
            {
                if (Name(U32(_symbols.Offset + 24 * i)) == name) return i;
            }
            return -1;
        }

        /// <summary>The vernaux entry of a version name, over all needed libraries.</summary>
        private int FindNeed(string version)
        {
            for (var library = _needs.Offset; ; library += U32(library + 12))
            {
                var entry = library + U32(library + 8);
                for (var left = U16(library + 2); left > 0; left--, entry += U32(entry + 12))
                {
                    if (Name(U32(entry + 8)) == version) return entry;
                }
                if (U32(library + 12) == 0) return -1;
            }
        }

        private int HeaderOf(int type)
        {
            int table = U32(40), size = U16(58), count = U16(60);
            for (var i = 0; i < count; i++)
            {
                if (U32(table + i * size + 4) == type) return table + i * size;
            }
            throw new InvalidDataException("It has no section of type 0x" + type.ToString("X") + ".");
        }

        private Section Find(int type) => Read(HeaderOf(type));

        private Section At(int index) => Read(U32(40) + index * U16(58));

        private Section Read(int header) => new Section { Offset = U32(header + 24), Size = U32(header + 32) };

        private string Name(int offset)
        {
            int start = _names.Offset + offset, end = start;
            while (end < _image.Length && _image[end] != 0) end++;
            return Encoding.ASCII.GetString(_image, Checked(start, end - start), end - start);
        }

        private int U16(int at) => BitConverter.ToUInt16(_image, Checked(at, 2));

        private int U32(int at) => BitConverter.ToInt32(_image, Checked(at, 4));

        private int Checked(int at, int count)
        {
            if (at < 0 || count < 0 || at > _image.Length - count) throw new InvalidDataException("It is truncated or malformed.");
            return at;
        }

        private void Put16(int at, int value) => BitConverter.GetBytes((ushort)value).CopyTo(_image, at);

        private void Put32(int at, int value) => BitConverter.GetBytes(value).CopyTo(_image, at);
    }
}
