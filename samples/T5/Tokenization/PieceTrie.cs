namespace SamSharp.Samples.T5.Tokenization;

/// <summary>Words by their beginnings. A word takes memory for what it does not share with others, so that no vocabulary takes much more than its
/// file.</summary>
internal sealed class PieceTrie
{
    /// <summary>No word, or no such beginning.</summary>
    public const int None = -1;

    private readonly Dictionary<long, int> _children = [];
    private readonly List<int> _values = [None];

    /// <summary>The length of the longest word.</summary>
    public int Longest { get; private set; }

    /// <summary>Adds a word, or gives one another value.</summary>
    public void Add(ReadOnlySpan<char> word, int value)
    {
        var node = 0;
        foreach (var character in word)
        {
            var key = Key(node, character);
            if (!_children.TryGetValue(key, out var child))
            {
                child = _values.Count;
                _children.Add(key, child);
                _values.Add(None);
            }
            node = child;
        }
        _values[node] = value;
        Longest = Math.Max(Longest, word.Length);
    }

    /// <summary>The beginning that is one character longer; the empty one is 0.</summary>
    public int Child(int node, char character) => _children.TryGetValue(Key(node, character), out var child) ? child : None;

    /// <summary>The value of the word that a beginning is.</summary>
    public int Value(int node) => _values[node];

    private static long Key(int node, char character) => ((long)node << 16) | character;
}
