<?php
// Ask a running `dragon serve`: php examples/clients/client.php "Question?"
$url = getenv('DRAGON_URL') ?: 'http://127.0.0.1:8000';
$question = $argv[1] ?? 'How many days of annual leave do I get?';
$headers = "Content-Type: application/json\r\n";
if ($key = getenv('DRAGON_API_KEY')) {
    $headers .= "Authorization: Bearer $key\r\n";
}
$request = stream_context_create(['http' => [
    'method' => 'POST',
    'header' => $headers,
    'ignore_errors' => true,
    'content' => json_encode([
        'model' => 'dragon',
        'messages' => [['role' => 'user', 'content' => $question]],
    ]),
]]);
$reply = json_decode(file_get_contents("$url/v1/chat/completions", false, $request), true);
if (isset($reply['error'])) {
    fwrite(STDERR, $reply['error']['message'] . PHP_EOL);
    exit(1);
}
echo $reply['choices'][0]['message']['content'], PHP_EOL;
foreach ($reply['dragon']['citations'] as $cited) {
    echo "[{$cited['number']}] {$cited['document']}, characters {$cited['start']} to ",
        "{$cited['end']}: {$cited['sentence']}", PHP_EOL;
}
