#!/bin/sh
# Makes the three clips of the demo source, which are embedded in the origin binary:
#
#   video-360.mp4   H.264 640x360      video-720.mp4   H.264 1280x720      audio.mp4   AAC-LC 48 kHz
#
# Each is a fragmented MP4 of exactly eight seconds that loops without a seam:
#   * video: 30 frames a second, closed GOPs of one second, an IDR on every full second, no B-frames;
#     everything that moves has a period of one or eight seconds;
#   * audio: 375 frames of 1024 samples, which is eight seconds to the sample. They are cut from the
#     middle of a longer periodic recording, so that the first frame overlaps the last one as any
#     two neighbours do: no encoder start-up (priming) is in the clip.
# On each full second the dial flashes and the tick sounds.
#
# Needs ffmpeg with libx264, and the DejaVu fonts. Usage: make-clips.sh [OUTPUT-DIRECTORY]
set -eu

out=${1:-$(dirname "$0")}
fonts=${FONTS:-/usr/share/fonts/truetype/dejavu}
regular=$fonts/DejaVuSans.ttf
bold=$fonts/DejaVuSans-Bold.ttf
mono=$fonts/DejaVuSansMono-Bold.ttf
for need in "$regular" "$bold" "$mono"; do
    [ -r "$need" ] || { echo "make-clips: $need is missing; install the DejaVu fonts or set FONTS" >&2; exit 1; }
done
command -v ffmpeg >/dev/null || { echo "make-clips: ffmpeg is missing" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
quiet="-hide_banner -loglevel error -nostdin -y"
# Without these two, the encoder's version and the date would be part of the bytes.
exact="-fflags +bitexact -flags +bitexact -map_metadata -1"
fragments="-use_editlist 0 -movflags +empty_moov+default_base_moof+cmaf"

# The picture, once, lossless, at 1280x720.
#   back   a slow drift of colour, drawn small and scaled up: gradients need no resolution
#   dial   one turn of the hand a second; it flashes on the second
#   bar    the place in the eight-second loop
f="30"
back="nullsrc=s=160x90:r=$f:d=8,format=gbrp,geq=\
r='26+22*sin(2*PI*(X/W*0.9+T/8))+14*Y/H+40*exp(-12*(pow(X/W-0.72-0.05*sin(2*PI*T/8),2)+pow(Y/H-0.48,2)))':\
g='30+14*sin(2*PI*(Y/H*0.7-T/8))+26*X/W+30*exp(-10*(pow(X/W-0.70,2)+pow(Y/H-0.50,2)))':\
b='58+24*cos(2*PI*(X/W*0.6-T/8))+44*exp(-9*(pow(X/W-0.70,2)+pow(Y/H-0.50,2)))',scale=1280:720:flags=bicubic"
radius="hypot(X-210,Y-210)"
turn="mod(atan2(X-210,210-Y)/(2*PI)+1,1)"
band="clip(min(202-$radius,$radius-178),0,1)"
flash="max(0,1-mod(T,1)/0.2)"
face="lt($radius,177)"
passed="lt($turn,mod(T,1)+1/60)"
dial="nullsrc=s=420x420:r=$f:d=8,format=gbrap,geq=\
r='if($face,16+239*$flash,if($passed,255,90))':g='if($face,20+180*$flash,if($passed,176,104))':b='if($face,48+72*$flash,if($passed,74,140))':\
a='max(255*$band,clip(177-$radius,0,1)*(120+120*$flash))'"
hand="nullsrc=s=420x420:r=$f:d=8,format=gbrap,geq=r=255:g=238:b=210:\
a='255*clip(15-hypot(X-210-190*sin(2*PI*mod(T,1)),Y-210+190*cos(2*PI*mod(T,1))),0,1)'"
bar="nullsrc=s=1120x12:r=$f:d=8,format=gbrap,geq=r='if(lt(X/W,T/8),255,120)':g='if(lt(X/W,T/8),176,132)':b='if(lt(X/W,T/8),74,160)':\
a='if(lt(mod(X,140),136),if(lt(X/W,T/8),255,110),0)'"
text="drawtext=fontcolor=white"
ffmpeg $quiet -f lavfi -i "$back" -f lavfi -i "$dial" -f lavfi -i "$hand" -f lavfi -i "$bar" -filter_complex "
[0][1]overlay=780:130[a];[a][2]overlay=780:130[b];[b][3]overlay=80:636[c];[c]
$text:fontfile=$bold:fontsize=132:text=llhls:x=76:y=150,
$text@0.85:fontfile=$regular:fontsize=38:text='Low-Latency HLS':x=84:y=306,
$text@0.85:fontfile=$regular:fontsize=38:text='live from memory':x=84:y=358,
$text:fontfile=$bold:fontsize=150:text='%{eif\:floor(mod(n,240)/30)\:d}':borderw=3:bordercolor=0x101430@0.45:x=990-tw/2:y=262,
$text@0.9:fontfile=$mono:fontsize=40:text='frame %{eif\:mod(n,240)\:d\:3}':borderw=3:bordercolor=0x101430@0.45:x=990-tw/2:y=414,
$text@0.9:fontfile=$mono:fontsize=34:text='%{eif\:floor(mod(n,240)/30)\:d}.%{eif\:floor(mod(mod(n,30)*10/3,100))\:d\:2} s':x=1196-tw:y=584
[v]" -map "[v]" -frames:v 240 -c:v ffv1 "$work/picture.mkv"

# video NAME WIDTH HEIGHT KBIT
video() {
    ffmpeg $quiet -i "$work/picture.mkv" $exact -threads 1 -an \
        -vf "scale=$2:$3:flags=lanczos,drawtext=fontcolor=white@0.8:fontfile=$mono:fontsize=$(($3 / 24)):text='$2x$3  30 fps  H.264':x=$(($2 / 16)):y=$(($3 * 584 / 720)),format=yuv420p" \
        -c:v libx264 -preset veryslow -profile:v high -threads 1 -bf 0 -refs 3 \
        -g 30 -keyint_min 30 -sc_threshold 0 -x264-params "open_gop=0:force-cfr=1" \
        -b:v "$4k" -maxrate "$(($4 * 5 / 4))k" -bufsize "$4k" \
        -color_primaries bt709 -color_trc bt709 -colorspace bt709 \
        -video_track_timescale 90000 $fragments+frag_keyframe -f mp4 "$out/$1"
}
video video-360.mp4 640 360 330
video video-720.mp4 1280 720 640

# A quiet chord with a tick of 30 ms on each second (higher on the first of the eight). All of it
# repeats every second or every eight, so any eight seconds of the middle close on themselves.
chord="0.030*sin(2*PI*220*t)+0.022*sin(2*PI*277*t)*(0.6+0.4*sin(2*PI*t/8))+0.022*sin(2*PI*330*t)*(0.6+0.4*cos(2*PI*t/4))"
tick="0.5*sin(2*PI*if(lt(mod(t,8),1),1760,1320)*t)*exp(-90*mod(t,1))*lt(mod(t,1),0.06)"
ffmpeg $quiet -f lavfi -i "aevalsrc='$chord+$tick|$chord+$tick':s=48000:d=24" $exact -c:a aac -b:a 64k -f mp4 "$work/long.mp4"
ffmpeg $quiet -i "$work/long.mp4" $exact -c copy -ss 8 -frames:a 375 $fragments -frag_duration 1000000 -f mp4 "$out/audio.mp4"

ls -l "$out"/*.mp4
